"""The stereo recording of one call, which the switch writes and agentd answers for."""

from datetime import UTC, datetime
from pathlib import Path

from agentd.errors import SwitchError
from agentd.observe import logs
from agentd.switch.leg import Leg

log = logs.get("recording")


class CallRecording:
    """One call's. Nothing here raises: a recording that cannot be made costs no call."""

    def __init__(self, leg: Leg, folder: Path, call_id: str, answered: datetime) -> None:
        """folder: of all recordings, a sub-folder a day. The switch's user makes the files: it is
        setgid for a group of both, and our umask leaves the group's bits (`agentd check`).

        An agentd that takes the call over finds the same file by the same rule.
        """
        self._leg = leg
        self._log = log.bind(call=call_id)
        self._path = folder / answered.astimezone(UTC).strftime("%Y-%m-%d") / f"{call_id}.wav"
        self._erased = False

    def start(self) -> None:
        """Record from now on."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._leg.start_recording(self._path)
        except (OSError, SwitchError) as error:
            self._log.error("call not recorded", error=str(error))

    def stop(self, *, erase: bool) -> None:
        """Record no further, and keep nothing of it when it is to be erased."""
        self._erased = self._erased or erase
        try:
            self._leg.stop_recording(self._path)
        except SwitchError as error:
            self._log.info("recording was not stopped", error=str(error))
        self.finish()

    def finish(self) -> str | None:
        """Where it is, None when there is none: none was begun, or it is erased."""
        try:
            if self._erased:
                self._path.unlink(missing_ok=True)
            return str(self._path) if self._path.is_file() else None
        except OSError as error:
            self._log.error("recording cannot be erased", error=str(error))
            return None
