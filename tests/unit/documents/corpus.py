"""Statements in files, and what a person sees who reads them line by line.

``OURS`` lies in ``tests/corpus`` and is read in every run. ``PUBLISHED`` are releases that offices
sent out: they are not ours to give away, lie outside the checkout and are read by `make faults`.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
SHARED = Path(__file__).parents[3] / ".." / "shared"


@dataclass(frozen=True)
class Expected:
    """The structure of one text: its blocks are ranges of lines, the title first."""

    path: str
    title: str
    date: str
    blocks: str


_SIGNERS = " ".join(
    str(line)
    for page in (range(48, 71), range(74, 104), range(107, 137), range(140, 170), range(173, 187))
    for line in page
)

OURS = {
    "a letterhead, and a vendor at its foot": Expected(
        "text/01-*.txt",
        "Forum Resigns From the County’s Housing Task Force",
        "2011-09-21",
        "5 9 11 13 15 17 19",
    ),
    "all that a page shows": Expected(
        "text/02-*.txt",
        "Riverside Council Opens a Night Shelter for Families",
        "2023-01-04",
        "8 10 11 12-16 17",
    ),
    "wrapped lines on two pages": Expected(
        "text/03-*.txt",
        "Alliance Asks the Port for a Record of Every Ton of Coal That It Moves",
        "2026-05-26",
        "3-4 8-11 13-15 17-24 26-27",
    ),
    "a release with its contact above": Expected(
        "text/04-*.txt",
        "Tenants’ Union Welcomes the Court’s Ruling on Broken Lifts",
        "2024-03-14",
        "7 9 11 13 17",
    ),
    "many who sign": Expected(
        "text/05-*.txt",
        "Joint Statement on the January 6 Flood and Its Victims",
        "2021-01-08",
        "1 3-5 6-7 8 9 10 11 12 13 14",
    ),
    "German, with a contact below": Expected(
        "text/06-*.txt",
        "Mieterbund fordert ein Register aller leeren Wohnungen",
        "2024-05-06",
        "5 9 11 13 15-17",
    ),
    "French": Expected(
        "text/07-*.txt", "Le Forum exemple quitte le conseil du logement", "2023-04-14", "3 7 9 11"
    ),
    "a title in capitals": Expected(
        "text/08-*.txt",
        "120 STUDENTS LEARN HOW A COURT WORKS IN A WEEK OF OPEN DOORS",
        "2012-02-09",
        "7 9 11 13",
    ),
    "lines that links broke": Expected(
        "text/09-*.txt",
        "Lake Watch Publishes What Nine Rivers Carry Into the Lake",
        "2023-10-10",
        "1 3-6 7-9 10 11-13 14 15 16 17",
    ),
    "a subhead": Expected(
        "text/10-*.txt",
        "Museum Gives Back Forty Masks to the Islands They Came From",
        "2025-11-21",
        "1 3 7 9 11",
    ),
    "a date in figures that can be read two ways": Expected(
        "text/11-*.txt",
        "Town Meeting Votes to Keep the Library Open at Night",
        "None",
        "1 5 7 9 11",
    ),
    "an embargo": Expected(
        "text/12-*.txt",
        "Clinic Network Opens Its Records to the Patients Whom They Concern",
        "2024-05-06",
        "5 9 11 13-15",
    ),
}

PUBLISHED = {
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


def our_text(name: str) -> bytes:
    (found,) = CORPUS.glob(OURS[name].path)
    return found.read_bytes()


def shared(pattern: str) -> list[Path]:
    """Files of the shared corpus; a test that finds none is skipped and says so."""
    found = sorted(SHARED.glob(pattern))
    if not found:
        pytest.skip(f"the releases that offices published are not in {SHARED.resolve()}")
    return found


def published_text(name: str) -> bytes:
    (found,) = shared(PUBLISHED[name].path)
    return found.read_bytes()
