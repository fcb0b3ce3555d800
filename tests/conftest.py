"""Monkey-patched as `agentd` itself is, before anything imports a socket."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402

import pytest  # noqa: E402

from agentd import config  # noqa: E402


@pytest.fixture(scope="session")
def speech_models():
    """The recogniser and the voice; without them a test is skipped, but in CI it fails."""
    models = config.load().path("models")
    missing = [m for m in ("whisper-base", "pico") if not (models / m).is_dir()]
    if missing:
        reason = f"no {' and no '.join(missing)} in {models}: make models"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return models
