"""The desk of those who write."""

import pytest

from tests.desk import Staffed
from tests.unit.web.desk.writing import Desk


@pytest.fixture
def desk(staffed: Staffed) -> Desk:
    return Desk(staffed)
