"""Browser extensions, and the contexts that a browser's session brings."""

import tempfile
import zipfile
from pathlib import Path

from agb.modules.browser import BrowserFingerprintContext
from checking import LINKED_IMAGE, a_session, good, holds, of_client, refused, same

from agb import AGB, ExtensionsService
from agb.session_params import BrowserContext


@of_client
def an_extension_is_made_listed_updated_and_deleted(agb: AGB) -> None:
    with tempfile.TemporaryDirectory() as here:
        service = ExtensionsService(agb)
        try:
            extension = service.create(str(_packed(Path(here, "one.zip"), '{"name": "one"}')))
            holds(extension.id.startswith("ext_"), "it has an id")
            (listed,) = service.list()
            same(listed.id, extension.id)
            holds(listed.created_at, "its time is told")
            changed = _packed(Path(here, "two.zip"), '{"name": "two"}')
            same(service.update(extension.id, str(changed)).id, extension.id)
            same(_manifest_in_a_session(agb, service, extension.id), '{"name": "two"}')
            same(service.delete(extension.id), expected=True)
            same(service.list(), [])
        finally:
            service.cleanup()
        refused(agb.context.get(context_id=service.context_id))


def _packed(path: Path, manifest: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", manifest)
    return path


def _manifest_in_a_session(agb: AGB, service: ExtensionsService, extension_id: str) -> str:
    """Read an extension's manifest where a browser would find it."""
    context = good(agb.context.create("peer-browser")).context
    option = service.create_extension_option([extension_id])
    browser = BrowserContext(context.id, extension_option=option)
    with a_session(agb, LINKED_IMAGE, browser_context=browser) as session:
        mounts = good(session.context.info(task_type="download")).context_status_data
        same(sorted(mount.path for mount in mounts), ["/tmp/agb_browser_data", "/tmp/extensions/"])
        folder = extension_id.removesuffix(".zip")
        return good(session.file.read(f"/tmp/extensions/{folder}/manifest.json")).content


@of_client
def a_browser_keeps_its_profile_and_its_fingerprint(agb: AGB) -> None:
    fingerprint = BrowserFingerprintContext(good(agb.context.create("peer-fingerprint")).context_id)
    browser = BrowserContext("peer-browser-that-nobody-made", fingerprint_context=fingerprint)
    kept, dropped = "/tmp/agb_browser_data/Default/Cookies", "/tmp/agb_browser_data/Default/Cache"
    with a_session(agb, LINKED_IMAGE, browser_context=browser) as session:
        good(session.file.write(kept, "a cookie"))
        good(session.file.write(dropped, "much"))
        good(session.file.list("/tmp/agb_browser_fingerprint"))
    with a_session(agb, LINKED_IMAGE, browser_context=browser) as session:
        same(good(session.file.read(kept)).content, "a cookie")
        refused(session.file.read(dropped))
