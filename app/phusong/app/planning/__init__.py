"""Where to build: candidates of a study, what each would serve and cost, and the plan chosen of them."""
