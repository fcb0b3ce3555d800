"""`agentd`, with the scripted recogniser: what a subprocess test runs instead of `-m agentd`."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from fault_house import ScriptedRecogniser  # noqa: E402

from agentd import server  # noqa: E402
from agentd.__main__ import main  # noqa: E402

server.open_recogniser = lambda settings: ScriptedRecogniser()

if __name__ == "__main__":
    main()
