"""Install as a conda client does, each time on a machine that has nothing yet.

Standard input is a JSON object: "root" is an empty folder and "installs" a list
of {"channel": URL, "spec": what to install}. Standard output is a list of what
became of each: {"installed": [file names]} or {"refused": what the client says}.
"""

import asyncio
import json
import pathlib
import sys

from rattler import Channel, Client, Gateway, Subdir, install, solve

request = json.load(sys.stdin)


async def run(root, channel, spec):
    client = Client.authenticated_client()
    gateway = Gateway(cache_dir=root / "cache", client=client)
    try:
        records = await solve([Channel(channel)], [spec], gateway, platforms=["linux-64", "noarch"])
        await install(
            records,
            root / "prefix",
            cache_dir=root / "packages",
            client=client,
            platform=Subdir("linux-64"),
            show_progress=False,
        )
    except Exception as e:
        return {"refused": str(e)}
    return {"installed": sorted(p.name for p in (root / "prefix" / "conda-meta").glob("*.json"))}


async def main():
    root = pathlib.Path(request["root"])
    answers = []
    for n, wanted in enumerate(request["installs"]):
        answers.append(await run(root / str(n), wanted["channel"], wanted["spec"]))
    json.dump(answers, sys.stdout)


asyncio.run(main())
