"""What the service keeps, and where: the call log, the spool, room on their disks, and who else may read them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from screener.errors import StoreError
from screener.outside.disk import Disk, disk_of, to_write
from screener.outside.files import is_everybodys, open_to_others
from screener.service.peers import Check
from screener.settings.sections import Settings
from screener.store import place

LITTLE, SCARCE = 1 << 30, 100 << 20
"""Bytes left: with less than the first somebody should know, with less than the second the log soon stops."""
FREE_SOME = "make room on that disk, before nothing can be written: the log, the spool or recordings grow there"


def check_database(settings: Settings) -> Check:
    """Can the call log be written? Creates no database, so that whoever runs `serve` owns it."""
    try:
        if file := place.to_be_made(settings.store.url, settings.folder):
            return Check("database", ok=True, message=f"{file} (made by serve)")
        from screener.store.check import check_database as look_into

        return Check("database", ok=True, message=look_into(settings.store.url, settings.folder))
    except StoreError as problem:
        return Check("database", ok=False, message=problem.message, remedy=problem.remedy)


def check_spool(settings: Settings) -> Check:
    """Can rows be kept while the database is away?"""
    spool = settings.folder / (settings.store.spool or "spool")
    nearest = next(folder for folder in (spool, *spool.parents) if folder.exists())
    if problem := place.folder_problem(nearest):
        remedy = to_write(problem, place.GIVE_FOLDER)
        return Check("spool", ok=False, message=f"{nearest}: {problem}", remedy=remedy)
    return Check("spool", ok=True, message=str(spool))


def check_disks(settings: Settings) -> Iterator[Check]:
    """How much may still be written on the disks of log, spool and recordings? One line for each disk."""
    found: dict[int, tuple[Disk, list[str]]] = {}
    for folder in _written(settings):
        try:
            disk = disk_of(folder)
        except OSError:  # the check of whatever is there says what is wrong
            continue
        found.setdefault(disk.device, (disk, []))[1].append(str(folder))
    for disk, folders in found.values():
        names = ", ".join(dict.fromkeys(folders))
        message = f"{names}: {_size(disk.free)} left"
        if disk.read_only:
            why = "Read-only file system"
            yield Check("disk space", ok=False, message=f"{names}: {why}", remedy=to_write(why, ""))
        elif disk.free < LITTLE:
            yield Check("disk space", ok=disk.free >= SCARCE, message=message, remedy=FREE_SOME)
        else:
            yield Check("disk space", ok=True, message=message)


def _written(settings: Settings) -> Iterator[Path]:
    """Folders into which calls are written."""
    if file := place.database_at(settings.store.url, settings.folder):
        yield file.parent
    yield settings.spool
    if settings.evidence.recordings:
        yield settings.folder / settings.evidence.recordings


def _size(count: int) -> str:
    """As people say it."""
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MB"


def check_private(settings: Settings, file: Path | None) -> Check:
    """Can other users of this machine read passwords, numbers or words, or change what judges?"""
    folder = settings.folder
    secrets = [settings.pbx.password_file, settings.pbx.event_secret_file, settings.proxy.secret_file]
    secrets += [settings.freeswitch.password_file, settings.webhook.secret_file, settings.oidc.secret_file]
    secrets += [registrar.password_file for registrar in settings.sip.registrars]
    private = [folder / secret for secret in (*secrets, settings.console.key, settings.evidence.key) if secret]
    private += [Path(settings.sip.tls.key)] if settings.sip.tls.key else []
    private += [file] if file and _says_a_secret(settings) else []
    if (database := place.database_at(settings.store.url, folder)) and not database.is_dir():
        private += [database, database.with_name(f"{database.name}-wal")]
    spool = settings.spool
    private += [spool, *sorted(spool.glob("*.jsonl"))]
    found = [path for path in private if open_to_others(path)]
    changed = [path for path in (file, folder) if path and "w" in open_to_others(path)]
    if found or changed:
        message = f"other users may {_rights([*found, *changed])}"
        remedy = "chmod o-rwx them; they belong to the service's user"
        if shared := [path for path in dict.fromkeys([*found, *changed]) if is_everybodys(path)]:
            remedy = (
                f"name folders of the service's own in the settings: {', '.join(map(str, shared))} are everybody's"
            )
        return Check("private files", ok=False, message=message, remedy=remedy)
    return Check("private files", ok=True, message="closed to other users")


def _rights(paths: Sequence[Path]) -> str:
    """What others may do with which of them."""
    able = {
        does: ", ".join(dict.fromkeys(str(path) for path in paths if right in open_to_others(path)))
        for right, does in (("r", "read"), ("w", "write"))
    }
    return " and ".join(f"{does} {named}" for does, named in able.items() if named)


def _says_a_secret(settings: Settings) -> bool:
    """Whether the settings file itself holds one."""
    accounts = [(settings.pbx.password, settings.pbx.password_file)]
    accounts += [(settings.pbx.event_secret, settings.pbx.event_secret_file)]
    accounts += [(settings.proxy.secret, settings.proxy.secret_file)]
    accounts += [(settings.freeswitch.password, settings.freeswitch.password_file)]
    accounts += [(registrar.password, registrar.password_file) for registrar in settings.sip.registrars]
    accounts += [(settings.webhook.secret, settings.webhook.secret_file)]
    accounts += [(settings.oidc.secret, settings.oidc.secret_file)]
    accounts += [(settings.sip.inbound_password, None), (place.password_in(settings.store.url), None)]
    accounts += [(way.secret, None) for way in settings.alerts.ways]
    accounts += [(summary.secret, None) for summary in settings.alerts.summaries]
    accounts += [(way.url, None) for way in settings.alerts.ways if way.kind != "email"]  # a robot's key is in it
    return any(secret and not kept for secret, kept in accounts)
