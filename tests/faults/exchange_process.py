"""The simulated exchange as a process of its own, to be killed: PORT LEDGER CLOCK AGENTD..."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import gevent  # noqa: E402
from campaign_house import EVERYBODY, PASSWORD, TUESDAY, Ledger  # noqa: E402
from fault_house import VOICE  # noqa: E402

from agentd.simulator.clock import SimulatedClock  # noqa: E402
from agentd.simulator.exchange import Exchange, PhoneBook  # noqa: E402


def main() -> None:
    port, ledger, clock, *agentds = sys.argv[1:]
    told = Ledger(Path(ledger))
    exchange = Exchange(
        PhoneBook(EVERYBODY),
        lambda persona: VOICE,
        [("127.0.0.1", int(agentd)) for agentd in agentds],
        PASSWORD,
        clock=SimulatedClock(TUESDAY, file=Path(clock)),
        ledger=told,
        port=int(port),
        longest_s=60,
    )
    exchange.start()
    told({"started": port})
    while True:
        gevent.sleep(60)


if __name__ == "__main__":
    main()
