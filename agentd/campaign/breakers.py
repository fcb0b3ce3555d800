"""Which gateways are trusted now, and whether agentd is. Pure: `now` in monotonic seconds."""

from collections.abc import Sequence
from dataclasses import replace

from agentd.campaign.pacing import Breaker


class Breakers:
    """One circuit breaker a gateway, and one for agentd: answered calls that nobody held."""

    def __init__(self, gateways: Sequence[str], gateway: Breaker, agentd: Breaker) -> None:
        """gateway, agentd: what each begins as."""
        self._names = tuple(gateways)
        self._gateways = dict.fromkeys(gateways, gateway)
        self._agentd = agentd

    def changed(self, gateways: Sequence[str], gateway: Breaker, agentd: Breaker) -> "Breakers":
        """With other settings; what is resting goes on resting."""
        made = Breakers(gateways, gateway, agentd)

        def kept(new: Breaker, old: Breaker) -> Breaker:
            return replace(old, trip_after=new.trip_after, rest_s=new.rest_s)

        for name in made._names:
            if name in self._gateways:
                made._gateways[name] = kept(gateway, self._gateways[name])
        made._agentd = kept(agentd, self._agentd)
        return made

    def allows(self, now: float) -> int | None:
        """How many calls may be placed as far as agentd goes: None, no limit; 1, a trial; 0."""
        return self._agentd.allows(now)

    def choose(self, failures: int, now: float) -> str | None:
        """The gateway of the next attempt at a contact that the trunk has failed so often."""
        names = self._names
        order = [names[(failures + i) % len(names)] for i in range(len(names))]
        return next((name for name in order if self._gateways[name].allows(now) != 0), None)

    def trying(self, gateway: str) -> None:
        """A call is placed."""
        self._gateways[gateway] = self._gateways[gateway].trying()
        self._agentd = self._agentd.trying()

    def judge(self, gateway: str, *, failed: bool, unknown: bool, now: float) -> bool:
        """What an attempt tells of its gateway: true when that has just been given a rest.

        failed: by the trunk. unknown: nobody saw how it ended.
        """
        breaker = self._gateways.get(gateway)
        if breaker is None:  # the campaign's settings have changed since
            return False
        if failed:
            after = breaker.failed(now)
        else:
            after = breaker.forgotten() if unknown else breaker.worked()
        self._gateways[gateway] = after
        return after.open_until is not None and breaker.open_until is None

    def judge_agentd(self, held: bool | None, now: float) -> None:
        """held: by an agentd, or not, once answered; None when it was not answered."""
        if held is None:
            self._agentd = self._agentd.forgotten()
        else:
            self._agentd = self._agentd.worked() if held else self._agentd.failed(now)

    def states(self, now: float) -> dict[str, str]:
        """closed, open or half open, of each gateway and of "agentd"."""

        def state(breaker: Breaker) -> str:
            if breaker.open_until is None:
                return "closed"
            return "open" if breaker.open_until > now else "half open"

        return {name: state(b) for name, b in (*self._gateways.items(), ("agentd", self._agentd))}

    @property
    def note(self) -> str:
        """What is resting, for whoever watches; "" when nothing is."""
        if self._agentd.open_until is not None:
            return "circuit open: answered calls were not held by any agentd"
        shut = [name for name, b in self._gateways.items() if b.open_until is not None]
        return f"circuit open: gateway {', '.join(shut)}" if shut else ""
