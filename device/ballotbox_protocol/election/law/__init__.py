"""Control ratios of any country as data: a law file in, judgements of precinct protocols out."""
