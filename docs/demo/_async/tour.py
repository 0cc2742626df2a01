"""One session from birth to death: the main job, step by step.

Its paths are relative to the home of the session, where commands and code start, too.
"""

from teller import Teller

from agb import AsyncAGB

LOAD = """
import csv
from statistics import mean

with open("nile/flow.csv", encoding="utf-8") as file:
    flow = {int(row["year"]): float(row["flow"]) for row in csv.DictReader(file)}
print(f"{len(flow)} years, {min(flow)} to {max(flow)}")
"""

COMPUTE = """
import json

def error(values):
    return sum((value - mean(values)) ** 2 for value in values)

years, values = list(flow), list(flow.values())
change = min(range(5, len(years) - 5), key=lambda i: error(values[:i]) + error(values[i:]))
found = {
    "year": years[change],
    "before": round(mean(values[:change]), 2),
    "after": round(mean(values[change:]), 2),
}
with open("nile/found.json", "w", encoding="utf-8") as file:
    json.dump(found, file)
found["year"]
"""


async def tour(agb: AsyncAGB, tell: Teller) -> None:
    """Ask the Nile when it changed, in a session of an AGB.

    Args:
        agb: The AGB.
        tell: Who is told each step, and checks it.
    """
    data = tell.data.read_text(encoding="utf-8")
    async with agb.session(labels={"demo": tell.name, "stage": "draft"}) as session:
        info = (await session.info()).raise_for_error().data
        assert info is not None
        tell.step("a session", f"{session.session_id} ({info.get('sandbox', 'in the cloud')})")

        written = await session.file.write("nile/flow.csv", data)
        tell.check(written.success, "a real data file goes in", f"{len(data):,} characters")

        loaded = await session.code.run(LOAD, "python")
        tell.check("100 years" in loaded.result, "Python reads it", loaded.result.strip())
        computed = await session.code.run(COMPUTE, "python")
        tell.check(
            computed.result == str(tell.expected["year"]),
            "a second run still has the data",
            f"the river changed in {computed.result}",
        )

        lowest = await session.command.execute(
            "tail -n +2 flow.csv | sort -t, -k2n | head -1", cwd="nile"
        )
        tell.check(lowest.stdout == "1913,456\n", "a shell finds the driest year", lowest.stdout)

        found = await session.file.read("nile/found.json")
        tell.check(tell.same(found.content), "the result comes out", found.content)

        tools = (await session.list_mcp_tools()).raise_for_error().tools
        tell.check(bool(tools), "MCP tools", ", ".join(sorted(tool.name for tool in tools)))
        called = await session.call_mcp_tool("list_directory", {"path": "nile"})
        tell.check(
            called.data == "[FILE] flow.csv\n[FILE] found.json",
            "an MCP tool is called",
            (called.data or "").replace("\n", ", "),
        )

        drafts = await agb.list(labels={"demo": tell.name, "stage": "draft"})
        tell.check(
            list(drafts.session_ids) == [session.session_id],
            "found by its labels",
            f"{drafts.total_count} of the AGB's sessions",
        )
        await session.update_labels({"stage": "done"})
        labels = (await session.get_labels()).raise_for_error().data
        tell.check(labels == {"demo": tell.name, "stage": "done"}, "labels change", f"{labels}")

        wrong = await session.code.run("1 / 0", "python")
        tell.check(not wrong.success, "what fails says why", f"{wrong.code}: {wrong.error_message}")
    left = await agb.list(labels={"demo": tell.name})
    tell.check(left.total_count == 0, "deleted at the end of its block", "nothing is left")
