"""Solve and install as pixi does.

Standard input is a JSON object: "channel" is the channel's URL, "specs" what to
install, "root" a folder for the caches and the prefix, "sharded" says whether
to use shards or repodata.json. Standard output tells what was installed. The
credential comes from RATTLER_AUTH_FILE or stands in the URL.
"""

import asyncio
import json
import os
import pathlib
import sys

from rattler import Channel, Client, Gateway, SourceConfig, Subdir, install, solve

request = json.load(sys.stdin)
root = pathlib.Path(request["root"])


async def main():
    client = Client.authenticated_client()
    gateway = Gateway(
        cache_dir=root / "cache", client=client, default_config=SourceConfig(sharded_enabled=request["sharded"])
    )
    records = await solve(
        [Channel(request["channel"])], request["specs"], gateway, platforms=["linux-64", "noarch"]
    )
    prefix = root / "prefix"
    await install(
        records, prefix, cache_dir=root / "pkgs", client=client, platform=Subdir("linux-64"), show_progress=False
    )
    files = {
        str(p.relative_to(prefix)): p.read_bytes().hex()
        for p in prefix.rglob("*")
        if p.is_file() and "conda-meta" not in p.parts
    }
    json.dump(
        {
            "records": {r.file_name: r.sha256.hex() for r in records},
            "metas": sorted(p.name for p in (prefix / "conda-meta").glob("*.json")),
            "files": files,
            "cached": sorted(p.name for p in (root / "cache").rglob("*") if p.is_file()),
        },
        sys.stdout,
    )


asyncio.run(main())
# The runtime's threads now and then crash while the interpreter takes itself apart, after all is done.
sys.stdout.flush()
os._exit(0)
