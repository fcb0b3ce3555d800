"""Does the first utterance disclose what it must (spec A11)? Who calls, for whom, that the call is
commercial, that the voice is artificial; and that it is recorded, where it is. Pure.

Only what is affirmed of this very call or voice counts: not "ce n'est pas un appel commercial", nor
"le centre commercial" or "un prélèvement automatique", nor the company as somebody's bank.
"""

import re

from agentd.dialogue.finding import Finding
from agentd.dialogue.scenario import HELLO, Scenario
from agentd.dialogue.text import fill, normalise

_CALL = (
    r"(?:appels?|appelle|contacte|telephone|demarche|offres?|propositions?|but|fins?|"
    r"caractere|objet|"
    r"motif|demarches?|prospection|sollicitation|nature|raisons?|cadre|conversation|communication|"
    r"echange|message)"
)
# Words that say it by themselves, and "commercial" where it is said of the call.
_COMMERCIAL = (
    rf"demarchage|prospection|televente|publicitaires?|promotionnel(?:le|s|les)?|"
    rf"(?:{_CALL} (?:\w+ ){{0,4}}?(?:commercia(?:l|le|les|ux)))|commercialement"
)
_SPEAKER = (
    r"(?:voix|assistante?|agente?|conseill\w+|robot|intelligence|interlocut\w+|operat\w+|appel|"
    r"message|standard|systeme|machine|hotesse|vendeu\w+|correspondante?|personnage|porte parole)"
)
_ARTIFICIAL = (
    rf"(?:{_SPEAKER} (?:\w+ ){{0,3}}?(?:artificiel(?:le|s|les)?|automatique(?:s|ment)?|"
    r"automatise(?:e|s|es)?|virtuel(?:le)?|synthetique|numerique|vocale?|de synthese|"
    r"informatique|robotisee?|generee? par))|"
    r"(?:artificiel(?:le)?|virtuel(?:le)?) (?:voix|assistante?|agente?)|"
    r"(?:un|une|le|la|l|d un|d une|cet|cette) (?:robots?|callbot|voicebot|chatbot|ia|automate|"
    r"intelligence artificielle)(?! (?:de cuisine|cuisine|menager|tondeuse|aspirateur|patissier))|"
    r"generee? par (?:un |une )?(?:ordinateur|machine|intelligence artificielle|ia)|"
    r"voice (?:de )?synthese"
)
_NO = r"(?:pas|sans|aucune?|ni|jamais|non|rien|nullement|aucunement|loin)"
# "ce n'est pas un appel commercial", "rien de commercial", "un robot ? jamais"
_DENIED = re.compile(
    rf"\b{_NO} (?:(?!mais )\w+ ){{0,5}}?(?:{_COMMERCIAL}|{_ARTIFICIAL}|commercia\w*|"
    rf"artificiel\w*|robots?|"
    rf"automat\w+|enregistr\w*)\b|"
    rf"\b(?:{_COMMERCIAL}|{_ARTIFICIAL}) (?:moi|non|pas|jamais|pas du tout|rassurez vous non)\b"
)
_RECORDED = re.compile(
    r"\b(?:appel|conversation|communication|echange|entretien|discussion|nous|vous|ligne|ca|"
    r"cela|est|"
    r"etes|telephonique) (?:\w+ ){0,4}?enregistr\w+|\benregistr\w+ (?:\w+ ){0,3}?(?:appels?|"
    r"conversations?|communications?|echanges?)\b"
)
# The name or the company, but of somebody else.
_NOT_US = (
    r"(?:clients?|cliente|clientes|concurrente?s?|abonnee?s?|societaire|adherente?s?|"
    r"(?<!pour le )compte|contrat|"
    r"conseiller|banquier|assureur|fournisseur|quitter|pas|ni|sans|demande|cherche|connaissez|"
    r"connaitre|parler|passer|recommandee?s?|contrairement)(?: (?:a|de|chez|du|d|par|avec|"
    r"la|le|l))*"
)


def findings(scenario: Scenario) -> list[Finding]:
    """What the disclosure of a scenario lacks; nothing when it is whole."""
    hello = scenario.steps[HELLO]
    text = f"{hello.text} {hello.question}"
    found = _identity(scenario, text, "step Hello, field text", "the disclosure")
    if scenario.voicemail.strip():
        # Whoever listens to it later has heard no disclosure.
        found += _identity(scenario, scenario.voicemail, "field voicemail", "the message")
    if hello.interruptible:
        found.append(
            Finding(
                "error",
                "step Hello, field interruptible",
                "the disclosure may be interrupted, so that it may never be heard",
                "set it to false",
            )
        )
    if not hello.wait:
        found.append(
            Finding("error", "step Hello, field wait", "nobody is given the floor", "remove it")
        )
    return [*found, *_recording(scenario, normalise(fill(text, scenario.columns({}))))]


def _identity(scenario: Scenario, text: str, place: str, what_it_is: str) -> list[Finding]:
    """Who calls, for whom, that it is commercial, that the voice is artificial."""
    said = normalise(fill(text, scenario.columns({})))
    affirmed = _DENIED.sub(" , ", said)
    found = []

    def missing(what: str, mend: str) -> None:
        found.append(Finding("error", place, f"{what_it_is} does not say {what}", mend))

    if not _names(said, scenario.agent_name):
        missing("who calls", f"say the agent's name, {scenario.agent_name!r}")
    if not _names(said, scenario.company):
        missing("for whom", f"say the company, {scenario.company!r}")
    if not re.search(rf"\b(?:{_COMMERCIAL})\b", affirmed):
        missing("that the call is commercial", "say for instance « un appel commercial »")
    if not re.search(rf"\b(?:{_ARTIFICIAL})\b", affirmed):
        missing("that the voice is artificial", "say for instance « une voix artificielle »")
    return found


def _names(said: str, wanted: str) -> bool:
    """Whether it is said, and not only as somebody else's."""
    name = normalise(wanted)
    if not name:
        return False
    others = re.sub(rf"\b{_NOT_US} {re.escape(name)}\b", " ", said)
    return f" {name} " in f" {others} "


def _recording(scenario: Scenario, hello: str) -> list[Finding]:
    found = []
    mend = "say « Cet appel est enregistré », or remove the field: that is said by default"
    notice = normalise(scenario.recording_notice)
    if notice and not _RECORDED.search(_DENIED.sub(" , ", notice)):
        found.append(
            Finding(
                "error",
                "field recording_notice",
                "does not say that the call is recorded",
                mend,
            )
        )
    if re.search(rf"\b{_NO} (?:\w+ ){{0,3}}?enregistr\w*", hello):
        found.append(
            Finding(
                "error",
                "step Hello, field text",
                "says that the call is not recorded, which the settings decide",
                "remove that: a call that is recorded says so by itself",
            )
        )
    return found
