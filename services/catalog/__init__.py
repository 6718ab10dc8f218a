"""catalog: the city's registry, its calendar, its rules of law and its catalogue of matters."""
