"""The two ways of a tool call: through the API, and through a session's own link."""

from checking import (
    CODE_IMAGE,
    LINKED_IMAGE,
    a_session,
    good,
    holds,
    of_client,
    of_session,
    refused,
    same,
)

from agb import AGB, Session

_LINKED = {
    "agb-code-space-1": False,
    "agb-code-space-2": False,
    "code_latest": False,
    "agb-browser-use-1": True,
    "agb-computer-use-ubuntu-2204": True,
    "agb-computer-use-1": True,
}
"""Whether the sessions of an image have a link of their own."""


@of_client
def images_for_browsers_and_desktops_have_links(agb: AGB) -> None:
    for image_id, linked in _LINKED.items():
        with a_session(agb, image_id) as session:
            same(bool(session.get_link_url()), linked, image_id)
            holds(session.get_token(), f"{image_id} has a token")
            again = good(agb.get(session.session_id)).session
            same(again.get_link_url(), session.get_link_url(), image_id)
            same(again.get_token(), session.get_token(), image_id)
            holds(again.tool_list, f"{image_id} tells its tools again")


@of_client
def both_routes_give_the_same_texts(agb: AGB) -> None:
    with a_session(agb, CODE_IMAGE) as one, a_session(agb, LINKED_IMAGE) as other:
        for name, arguments in (
            ("write_file", {"path": "/tmp/ü", "content": "ä\n"}),
            ("read_file", {"path": "/tmp/ü"}),
            ("list_directory", {"path": "/tmp"}),
            ("read_multiple_files", {"paths": ["/tmp/ü", "/tmp/ü"]}),
            ("search_files", {"path": "/tmp", "pattern": "ü"}),
            ("create_directory", {"path": "/tmp/made"}),
        ):
            found = [good(each.call_mcp_tool(name, arguments)).data for each in (one, other)]
            same(found[0], found[1], name)


@of_session
def a_session_found_again_runs_tools(session: Session) -> None:
    good(session.file.write("/tmp/again", "there"))
    again = good(session.agb.get(session.session_id)).session
    same(good(again.file.read("/tmp/again")).content, "there")


@of_session
def an_unknown_tool_and_bad_arguments_are_refused(session: Session) -> None:
    refused(session.call_mcp_tool("no_such_tool", {}), "no_such_tool")
    why = "400" if session.get_link_url() else "path"  # of a link's refusals it tells no more
    refused(session.call_mcp_tool("read_file", {}), why)
    refused(session.call_mcp_tool("read_file", {"path": 5}), why)
