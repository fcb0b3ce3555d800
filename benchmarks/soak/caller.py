"""The switch and the prospects of a soak, in a process of their own: `caller.py PLAN`.

Holds so many calls at once until enough have been placed or the time is over; prints one JSON line
a call on standard output when it is over.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import random  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import msgspec  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from agentd.simulator.files import SoundFiles  # noqa: E402
from agentd.simulator.persona import Persona  # noqa: E402
from agentd.simulator.playing import Samples  # noqa: E402
from agentd.simulator.switch import SimulatedCall  # noqa: E402
from agentd.simulator.traps import Traps  # noqa: E402
from benchmarks.soak import matched  # noqa: E402
from benchmarks.soak.plan import Kind, Plan  # noqa: E402

# A name a call, mostly: lines with a name are synthesised, and what is kept of them is bounded.
FIRST = (
    "Claire Jean Nadia Simon Anne Marc Sophie Thomas Julien Louis Emma Hugo Jade Arthur Alice "
    "Jules Chloé Adam Lina Paul Léa Gabin Rose Victor Anna Noé Inès Luc Zoé Denis Irène Rémi"
).split()
LAST = (
    "Martin Dupont Roux Leroy Moreau Petit Bernard Girard Robert Richard Durand Simon Laurent "
    "Lefebvre Fournier Morel André Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand "
    "Gauthier Perrin Robin Clément Morin Nicolas Henry Roussel Mathieu Masson Marchand Duval "
    "Barbier Arnaud Lemaire Giraud Vidal Colin Carpentier Rousseau Caron Picard Roger Aubert "
    "Lacroix Renard Leclerc Meunier Brun Bailly Huet Adam Weber Prévost Benoit Charpentier"
).split()


class Cut(SimulatedCall):
    """The switch's process dies: the connection is reset, and nobody says anything."""

    cut_s = 0.0

    def _open(self) -> None:
        super()._open()
        gevent.spawn_later(self.cut_s, self._break_off)

    def _break_off(self) -> None:
        if self.switch.gone:
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._outbox.clear()
        self._socket.close()
        self.switch.crash("cut on purpose")
        self.switch.closed = self._closing = True


class Caller:
    """`run` prints."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._voice = matched.load(Path(plan.voices))
        self._files = SoundFiles()
        self._personas = {kind.name: Persona.model_validate(kind.persona) for kind in plan.kinds}
        self._until = time.monotonic() + plan.seconds

    def run(self) -> None:
        """To the end of the last call."""
        pool = Pool(self._plan.concurrency)
        for number, kind in enumerate(self._kinds()):
            if number < self._plan.concurrency:
                gevent.sleep(self._plan.apart_s)
            pool.spawn(self._one, number, kind)  # waits for a place
            if time.monotonic() > self._until:
                break
        pool.join()

    def _kinds(self) -> Iterator[Kind]:
        """Each as often as its weight, in an order of chance."""
        deck: list[Kind] = []
        for _ in range(self._plan.calls):
            if not deck:
                deck = [kind for kind in self._plan.kinds for _ in range(kind.weight)]
                self._random.shuffle(deck)
            yield deck.pop()

    def _one(self, number: int, kind: Kind) -> None:
        call_id = str(uuid.uuid4())
        began = time.monotonic()
        line: dict[str, Any] = {"id": call_id, "kind": kind.name}
        try:
            outcome = self._call(number, kind, call_id).run()
            line |= {"cause": outcome.cause, "problems": outcome.problems}
            line |= {"late": outcome.late_ticks, "unused": outcome.unused}
        except Exception as error:  # noqa: BLE001 - the others go on, and it is told
            line |= {"cause": "", "problems": [f"{type(error).__name__}: {error}"]}
        line["seconds"] = round(time.monotonic() - began, 2)
        line["at"] = time.time()
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def _call(self, number: int, kind: Kind, call_id: str) -> SimulatedCall:
        voice: dict[str, Samples] = self._voice
        if kind.cut_s is not None:
            made: type[SimulatedCall] = type("Cut", (Cut,), {"cut_s": kind.cut_s})
        else:
            made = SimulatedCall
        return made(
            self._personas[kind.name],
            voice,
            (self._plan.host, self._plan.port),
            {
                "agentd_scenario": kind.scenario,
                "agentd_call_id": call_id,
                # 01 99 00 xx xx: numbers of nobody.
                "agentd_phone": f"+33199{number % 10_000:06d}",
                "agentd_contact_first_name": self._random.choice(FIRST),
                "agentd_contact_last_name": self._random.choice(LAST),
            },
            self._files,
            seed=number,
            longest_s=self._plan.longest_s,
            traps=Traps(**kind.traps),
        )


if __name__ == "__main__":
    Caller(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)).run()
