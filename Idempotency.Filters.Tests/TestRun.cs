// The tests that run side by side are the contracts and those that wait for real time to pass: more of them than processors.
[assembly: LevelOfParallelism(8)]
