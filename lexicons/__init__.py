"""The words of the pipeline: one YAML file per kind of fact, read by `bvn_evidence.nlp.lexicon`."""
