"""The images that sessions can be made of."""

from collections.abc import Mapping

from attrs import frozen

from agb._wire.tools import TOOLS, Tool
from agb.local.refusals import image_not_found


@frozen(kw_only=True)
class Image:
    """A kind of session.

    Attributes:
        id: The name by which programs ask for it.
        description: What it is for.
        tools: The tools that its sessions have.
        has_link: Whether its sessions come with a direct link to their tools.
    """

    id: str
    description: str
    tools: tuple[Tool, ...] = TOOLS
    has_link: bool = False


_ALL = (
    Image(id="code_latest", description="Code, commands and files."),
    Image(id="agb-code-space-1", description="Code, commands and files."),
    Image(id="agb-code-space-2", description="Code, commands and files; the next generation."),
    Image(id="agb-browser-use-1", description="For programs that use a browser.", has_link=True),
    Image(
        id="agb-computer-use-ubuntu-2204",
        description="For programs that use a desktop.",
        has_link=True,
    ),
    Image(id="agb-computer-use-1", description="For programs that use a desktop.", has_link=True),
)

IMAGES: Mapping[str, Image] = {image.id: image for image in _ALL}


def find_image(image_id: str) -> Image:
    """Look up an image.

    Raises:
        Refusal: There is none of that id.
    """
    if image_id not in IMAGES:
        raise image_not_found(image_id, IMAGES)
    return IMAGES[image_id]
