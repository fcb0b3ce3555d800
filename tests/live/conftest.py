"""A real switch, agentd as it is deployed, and phones. Without a switch, one skip with its reason.

`FREESWITCH_ESL=PASSWORD@HOST:PORT` names a FreeSWITCH of this machine that runs the shipped
configuration (`freeswitch-conf/`, `dialplan/`); nothing may listen on 8084, 8085, 8094 and 8095.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_deployment import Deployed
from live_phone import Phone
from live_switch import LiveSwitch, until

from agentd.simulator.persona import Manner
from agentd.simulator.voices import Voices


@pytest.fixture(scope="session")
def live_switch() -> Iterator[LiveSwitch]:
    """The switch that FREESWITCH_ESL names."""
    address = os.environ.get("FREESWITCH_ESL", "")
    if not address:
        pytest.skip("FREESWITCH_ESL=PASSWORD@HOST:PORT names no switch")
    if shutil.which("baresip") is None:
        pytest.skip("no phone: apt-get install baresip-core")
    switch = LiveSwitch(address)
    yield switch
    switch.close()


@pytest.fixture
def switch(live_switch: LiveSwitch) -> Iterator[LiveSwitch]:
    """The same, with nobody on it, before and after."""
    until(lambda: live_switch.channels == 0, 10, "the switch has calls of somebody else")
    live_switch.events.clear()
    yield live_switch
    until(lambda: live_switch.channels == 0, 15, "a channel is left over")


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def make(user: str = "prospect", port: int = 0) -> Phone:
        made.append(Phone(tmp_path / f"phone-{len(made)}", user, port))
        return made[-1]

    yield make
    for phone in made:
        phone.close()


@pytest.fixture
def phone(phones: Callable[..., Phone]) -> Phone:
    return phones()


@pytest.fixture(scope="session")
def voice(speech_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What a prospect's words sound like."""
    voices = Voices(speech_models / "pico", tmp_path_factory.mktemp("voices"))

    def say(text: str) -> np.ndarray:
        return voices.say(text, Manner())

    return say


@pytest.fixture
def deployed(speech_models: Path, tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(tmp_path)
    yield made
    made.close()
