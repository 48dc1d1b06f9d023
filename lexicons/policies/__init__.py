"""Coverage policies as data, read by `bvn_evidence.criteria`."""
