"""From a plan to finished runs: one conductor per experiment, and the workers it has started."""
