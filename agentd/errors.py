"""Every error agentd raises on purpose.

A command that ends with one of them shows its message, without a traceback, and exits with 2: what
was asked for could not be done. Exit code 1 is a verdict: it was done, and the answer is no.

AgentdError
|- BadInput                 what a person gave us is wrong
|  |- ConfigError           agentd.toml or an AGENTD_* variable
|  |- ScenarioError         a scenario file, named with its step and field
|  |- ObjectionsError       an objections or rail-returns file
|  `- PersonaError          a persona file
|- MissingResource          a model, voice or audio file is not where it should be
|- SwitchError              the event socket or the audio fork misbehaved
|  |- SwitchTimeout         no reply in time
|  `- SwitchGone            the connection or the channel is gone
|- SpeechError              a recogniser or a voice failed
|- ClockError               this machine's clock is far from the one it must agree with
|- LlmError                 the language model cannot be used, or not now
`- StoreError               the database is away, too slow, or not of our schema: try later
   `- StoreRefused          it is there and refuses this fact: trying again changes nothing
"""


class AgentdError(Exception):
    """Base of all. `mend` says what a person can do about it, in one sentence."""

    exit_code = 2

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  mend: {self.mend}" if self.mend else message


class BadInput(AgentdError):
    """Something a person wrote cannot be used."""


class ConfigError(BadInput):
    """The configuration cannot be used."""


class ScenarioError(BadInput):
    """A scenario file cannot be used."""


class ObjectionsError(BadInput):
    """An objections or rail-returns file cannot be used."""


class PersonaError(BadInput):
    """A persona file cannot be used."""


class MissingResource(AgentdError):
    """A model, voice or audio file is missing."""


class SwitchError(AgentdError):
    """The switch said no, or said something we cannot use."""


class SwitchTimeout(SwitchError):
    """The switch did not answer in time."""


class SwitchGone(SwitchError):
    """The channel or its socket no longer exists."""


class SpeechError(AgentdError):
    """A recogniser or a voice failed."""


class ClockError(AgentdError):
    """Two clocks that must agree are far apart."""


class LlmError(AgentdError):
    """The language model cannot be used, or not now."""


class StoreError(AgentdError):
    """The database cannot be used now; what was to be kept is still to be kept."""


class StoreRefused(StoreError):
    """The database is there and refuses this fact for good, e.g. one of a call it never had."""


def is_expected(error: Exception) -> bool:
    """Errors of ours, and the system's, explain themselves; others want a traceback in the log."""
    return isinstance(error, AgentdError | OSError)


def explained(error: Exception) -> str:
    """An error in one line, for a log or a fact."""
    return str(error) if isinstance(error, AgentdError) else f"{type(error).__name__}: {error}"
