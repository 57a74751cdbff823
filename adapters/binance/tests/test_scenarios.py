from foxtrot.testkit.scenarios.pytest_suite import scenarios_of

test_scenarios = scenarios_of("binanceus", "binance")
