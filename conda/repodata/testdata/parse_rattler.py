"""Tell of each file named on standard input whether rattler can read it as
repodata.json, and if not, why."""

import json
import sys

from rattler import Channel, RepoData

for path in json.load(sys.stdin):
    try:
        RepoData.from_path(path).into_repo_data(Channel("https://example.org/channel"))
        print(json.dumps(""))
    except Exception as e:  # noqa: BLE001
        print(json.dumps(f"{type(e).__name__}: {e}"))
