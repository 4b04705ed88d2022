"""Read index files with rattler.

Standard input is a JSON object: "root" is the folder of a channel, "url" where
it is served, "cache" an empty folder, "subdirs" its subdirs and "names" its
packages. Standard output tells how rattler understood each record, by how it
came to it and by subdir.
"""

import asyncio
import json
import sys

from rattler import Channel, Gateway, RepoData, SourceConfig, SparseRepoData

request = json.load(sys.stdin)


def describe(record):
    milliseconds = lambda time: round(time.timestamp() * 1000) if time else None  # noqa: E731
    return {
        "file_name": record.file_name,
        "name": record.name.source,
        "version": str(record.version),
        "build": str(record.build),
        "build_number": record.build_number,
        "subdir": record.subdir,
        "depends": record.depends,
        "constrains": record.constrains,
        "license": record.license,
        "track_features": record.track_features,
        "md5": record.md5.hex(),
        "sha256": record.sha256.hex(),
        "size": record.size,
        "timestamp": milliseconds(record.timestamp),
        "indexed_timestamp": milliseconds(record.indexed_timestamp),
    }


def by_name(records):
    return {record.file_name: describe(record) for record in records}


async def sharded(subdir):
    gateway = Gateway(
        cache_dir=request["cache"],
        default_config=SourceConfig(sharded_enabled=True, cache_action="no-cache"),
    )
    result = await gateway.query([Channel(request["url"])], [subdir], request["names"], recursive=False)
    return by_name(record for source in result for record in source)


def main():
    answer = {"whole": {}, "sparse": {}, "sharded": {}, "removed": {}}
    for subdir in request["subdirs"]:
        path = f"{request['root']}/{subdir}/repodata.json"
        channel = Channel(request["url"])
        answer["whole"][subdir] = by_name(RepoData.from_path(path).into_repo_data(channel))
        sparse = SparseRepoData(channel, subdir, path)
        answer["sparse"][subdir] = by_name(
            record for name in request["names"] for record in sparse.load_records(name)
        )
        answer["sharded"][subdir] = asyncio.run(sharded(subdir))
    json.dump(answer, sys.stdout)


main()
