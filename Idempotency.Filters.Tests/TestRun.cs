// Fixtures run side by side. Those that measure what the whole process does, or listen to it, are [NonParallelizable]. More of them at a time than
// processors: many only wait.
[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(6)]
