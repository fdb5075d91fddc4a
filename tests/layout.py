"""Which worker of `make test` runs what: some compute, and meanwhile the others wait.

Most of the clock's time goes in waiting, for speech at its own speed, timers of SIP, processes that come back;
most of the processor's in computing. Workers that each take whatever comes next wait all at once and then compute
all at once. So as many as there are cores take what computes, the others what waits, the longest first; who has no
more of its own kind takes of the other. A file stays whole, so that what its tests share, a service or a server,
is started once. In `make test-pbx` all wait: its two workers take its files the longest first.
"""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

CORES = 2
"""So many workers compute."""
WAITING = {"calls", "demo", "freeswitch", "media", "operations", "pbx", "proxy", "service", "sip", "speech"}
"""Rooms whose tests wait."""
COMPUTING = {
    *("speech/test_embedded", "speech/test_sherpa", "speech/test_offline", "speech/test_acoustics"),
    "media/test_sound",
}
"""Files in them that compute."""
ALONE = {
    "demo/test_demo",
    "operations/test_systemd",
    "proxy/test_kamailio",
    "service/test_hardship",
    "service/test_killed",
    "service/test_looked_at",
    "service/test_site",
    "store/test_hardship",
}
"""Files whose tests share nothing: each may run anywhere."""
LONGEST = (
    *("pbx/test_warnings", "pbx/test_nodes", "pbx/test_secure", "pbx/test_beside", "pbx/test_trust"),
    *("pbx/test_failing_open", "pbx/test_rtpengine", "pbx/test_recording", "pbx/test_in_path", "pbx/test_edge"),
    *("pbx/test_trunk", "pbx/test_secure_phone"),
    *("service/test_siprec", "demo/test_demo", "calls/test_beside"),
    *("speech/test_remote", "service/test_recogniser_killed", "service/test_hardship"),
    *("service/test_killed", "sip/test_secure_calls", "calls/test_eavesdropped"),
    *("speech/test_pool", "speech/test_second", "operations/test_systemd"),
    *("service/test_looked_at", "service/test_site", "proxy/test_kamailio"),
    *("pbx/test_ami", "service/test_unheard", "core/test_calls", "reports/test_recount"),
    *("training/acts/test_corpus", "training/acts/test_kept"),
    *("console/test_server", "cli/test_reader", "speech/test_sherpa"),
    *("speech/test_embedded", "store/test_schema", "store/test_hardship"),
    *("console/test_oidc", "store/test_writer", "console/test_language"),
    *("store/test_search", "console/test_app", "cli/test_log_commands", "store/test_find"),
    *("test_architecture", "console/test_reports", "cli/test_trust"),
)
"""Files that take more than five seconds, the longest first; of each kind these are begun before the others."""


@cache
def file_of(scope: str) -> str:
    """`room/test_file`, of a test or a whole file."""
    return Path(scope.partition("::")[0]).relative_to("tests").with_suffix("").as_posix()


@cache
def waits(scope: str) -> bool:
    """Whether a unit waits for most of its time."""
    file = file_of(scope)
    return file.partition("/")[0] in WAITING and file not in COMPUTING


@cache
def rank(scope: str) -> int:
    """Its place among its kind."""
    file = file_of(scope)
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


class Layout(LoadGroupScheduling):
    """Gives units of work to workers, each of its kind.

    xdist has no public way to say which worker gets a unit: its marks only say which tests stay together.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if file_of(nodeid) in ALONE else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        computes = self.nodes.index(node) < CORES
        own = [scope for scope in self.workqueue if waits(scope) != computes] or list(self.workqueue)
        self.workqueue.move_to_end(min(own, key=rank), last=False)
        super()._assign_work_unit(node)
