"""Every second: from columns to alarms, from alarms to incidents, and out to whoever listens."""

import logging
from collections.abc import Callable, Sequence

from console.domain.alarm_evaluation import AlarmEvaluator
from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.services.ports import Clock, StoreFull
from console.services.triage import Triage

log = logging.getLogger(__name__)


class Watch:
    """Judges one site.

    Args:
        evaluator: Columns to alarms.
        triage: Alarms to incidents; keeps what it could not write and tries again.
        clock: Time.
        publish: Called with what changed, once it is durable.

    Attributes:
        error: Empty, or why incidents are not being written.
    """

    def __init__(
        self,
        evaluator: AlarmEvaluator,
        triage: Triage,
        clock: Clock,
        publish: Callable[[Sequence[Alarm], Sequence[Incident]], None],
    ) -> None:
        self.error = ""
        self._evaluator = evaluator
        self._triage = triage
        self._clock = clock
        self._publish = publish

    async def round(self) -> None:
        """Judge once."""
        now = self._clock.now()
        try:
            changes = await self._triage.take_in(self._evaluator.evaluate(now), now)
        except StoreFull as error:
            if not self.error:
                log.warning("incidents are not being written: %s", error)
            self.error = str(error)
            return
        self.error = ""
        if changes.alarms or changes.incidents:
            self._publish(changes.alarms, changes.incidents)
