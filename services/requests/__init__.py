"""requests: disclosure on request, from a citizen's form to the decision, within the clocks of the law."""
