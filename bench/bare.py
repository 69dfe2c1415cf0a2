"""The ceiling: bytes that stand ready, posted by ``requests`` and nothing else.

``python -m bench.bare URL FOLDER``
"""

import sys
from pathlib import Path

import requests

from bench.material import kept
from bench.measuring import Stopwatch, hand_in


def main() -> None:
    """Post every call of a folder again, one after the other on one connection."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    watch = Stopwatch()
    with requests.Session() as session:
        session.trust_env = False
        for call in kept(folder):
            headers = {
                name: call.headers[name]
                for name in ("content-type", "authorization", "accept", "user-agent")
            }
            with watch.running():
                answer = session.post(url + call.path, data=call.body, headers=headers, timeout=60)
                assert answer.json()["id"]
    hand_in({"hand over": watch.phase()})


if __name__ == "__main__":
    main()
