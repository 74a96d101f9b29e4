"""What every study passes. Add what no gate can know, such as a closed form."""

from replasticity.testing import study_tests

test_author2000 = study_tests("author2000")
