// They wait for real time to pass, and start several processes each: more of them than processors, but not all.
[assembly: LevelOfParallelism(6)]
