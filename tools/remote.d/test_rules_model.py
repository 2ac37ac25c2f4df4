"""The rules as a program, over a real Redis: with all of them nothing goes wrong, and with any one left out something does.

MEMOD_TEST_SEEDS says how many runs (200), MEMOD_TEST_SEED one to repeat."""

import os

import pytest
import rules_model

STEPS = 1500
SEEDS = range(int(os.environ.get("MEMOD_TEST_SEEDS", "200")))
if "MEMOD_TEST_SEED" in os.environ:
    SEEDS = [int(os.environ["MEMOD_TEST_SEED"])]
#: The rarest takes some 100.
SEEDS_MAX = 1000


@pytest.fixture
def client(shared_redis):
    connection = shared_redis.client()
    yield connection
    connection.close()


def test_with_all_rules_nothing_outdated_is_found(client):
    found = 0
    for seed in SEEDS:
        print(f"seed {seed}")
        found += rules_model.run(seed, STEPS, client).remote_hits
    # Something was shared at all.
    assert found > len(SEEDS)


@pytest.mark.parametrize("rule", rules_model.BREAKS)
def test_without_one_rule_something_outdated_is_found(client, rule):
    for seed in range(SEEDS_MAX):
        try:
            rules_model.run(seed, STEPS, client, rule)
        except AssertionError:
            return
    pytest.fail(f"nothing went wrong though {rules_model.BREAKS[rule]}")
