"""The statements of the shared corpus, and what a person sees who reads them line by line."""

from dataclasses import dataclass
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / ".." / "shared"


@dataclass(frozen=True)
class Expected:
    """What one text is: its blocks are ranges of lines, the title first."""

    path: str
    title: str
    date: str
    blocks: str


_SIGNERS = " ".join(
    str(line)
    for page in (range(48, 71), range(74, 104), range(107, 137), range(140, 170), range(173, 187))
    for line in page
)

CORPUS = {
    "seed": Expected(
        "seed/statement.txt",
        "National Immigration Forum Resigns From Secure Communities Taskforce",
        "2011-09-21",
        "6 10 12 14 16 18 20 22",
    ),
    "01": Expected(
        "corpus/text/01-*.txt",
        "CCSAO Regional Transit Task Force Holds Inaugural Meeting",
        "2026-05-26",
        "4 6-7 8-10 11 12-14 15-17 18-19 20 21-22 23",
    ),
    "02": Expected(
        "corpus/text/02-*.txt",
        "CCSAO Introduces New Expedited Felony Review Standard",
        "2025-11-21",
        "4 6-10 11-13 14 15 16 17 18-20 21 22 23 24 25 26 27",
    ),
    "03": Expected(
        "corpus/text/03-*.txt",
        "Cook County State’s Attorney Eileen O’Neill Burke Announces New Detention Policy to "
        "Increase Public Safety and Protect Victims",
        "2024-12-02",
        "11 12 13 14 15 16-18 19-21 22-23 24-26 27-29 30-31 32-34 35 36-37 38 39",
    ),
    "04": Expected(
        "corpus/text/04-*.txt",
        "Campaign Raises Awareness of Boys Who are Exploited",
        "2023-01-04",
        "9 10-12 13 14-18 19 20-22 23-25",
    ),
    "05": Expected(
        "corpus/text/05-*.txt",
        "DA Announces Grant Opportunities to Build Safer Neighborhoods",
        "2021-07-28",
        "9 10 11 12-14 15 16 17 18",
    ),
    "06": Expected(
        "corpus/text/06-*.txt",
        "DA Co-Sponsors Price Gouging Legislation",
        "2020-04-07",
        "9 10-15 17-19 20-24 25 26-29 30-32",
    ),
    "07": Expected(
        "corpus/text/07-*.txt",
        "1,200 STUDENTS SCORE CHANCE TO EARN CHIVAS USA SOCCER TICKETS IN KICKOFF OF GANG "
        "PREVENTION INCENTIVE PROGRAM",
        "2012-02-09",
        "27 28 29 30 31 32 33 34 35 36-37 38",
    ),
    "08": Expected(
        "corpus/text/08-*.txt",
        "120 STUDENTS INVITED FOR AN INSIDE LOOK AT FORD REGIONAL HEADQUARTERS FOR GANG "
        "PREVENTION INCENTIVE",
        "2013-12-04",
        "27 28 29 30 31 32 33",
    ),
    "09": Expected(
        "corpus/text/09-*.txt",
        "$1.2 Million Grant Allows District Attorney’s Office to Double Size of Gang Unit",
        "2019-04-10",
        "6-7 8-10 11-14 15-21 22-28",
    ),
    "10": Expected(
        "corpus/text/10-*.txt",
        "Joint Statement on January 6, 2021 Attack on the Capitol",
        "2021-01-08",
        f"2 3-7 8-12 13-20 21-25 26-30 31-42 43-47 {_SIGNERS}",
    ),
    "11": Expected(
        "corpus/text/11-*.txt",
        "District Attorney Creuzot Fulfills Campaign Pledge, Revisits Theft Policy",
        "2022-11-21",
        "5 6-14 15 16 18 20 22 24-28 29-33 34-35",
    ),
    "12": Expected(
        "corpus/text/12-*.txt",
        "Bill sponsored by DA Hestrin that mandates drug treatment and education programs has "
        "been signed into law by Gov. Newsom",
        "2023-10-10",
        "2 6 8 10 12 14 16 18",
    ),
    "13": Expected(
        "corpus/text/13-*.txt",
        "Communities Unite for Vigils During National Crime Victims’ Rights Week",
        "2024-04-26",
        "2 8 10 12 14 16 18 20 22 24",
    ),
    "14": Expected(
        "corpus/text/14-*.txt",
        "DA’s Office Awarded Increased Grant Funding to Prosecute Drug-Related DUI Cases",
        "2023-10-11",
        "2 6 8 10 12 14 16",
    ),
}


def corpus_text(name: str) -> bytes:
    """A text of the corpus, or a skipped test where there is none."""
    found = sorted(SHARED.glob(CORPUS[name].path))
    if not found:
        pytest.skip("the corpus is not beside this checkout")
    return found[0].read_bytes()
