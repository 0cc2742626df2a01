"""What is documented is what the tests go by."""

from faults.page import PAGE, page


def test_the_page_shows_the_rules_that_the_tests_go_by() -> None:
    assert PAGE.read_text() == page()
