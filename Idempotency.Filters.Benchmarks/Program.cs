using Idempotency.Filters.Benchmarks.Attack;
using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Database;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Micro;
using Idempotency.Filters.Benchmarks.Scale;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

try
{
    switch (args)
    {
        case ["micro", .. var rest]:
            return MicroCommand.Run(new(rest, MicroCommand.Options));
        case ["compare", .. var rest]:
            await CompareCommand.RunAsync(new(rest, CompareCommand.Options));
            return 0;
        case ["versus", var program, .. var rest]:
            await VersusCommand.RunAsync(program, new(rest, VersusCommand.Options));
            return 0;
        case ["scale", .. var rest]:
            await ScaleCommand.RunAsync(new(rest, ScaleCommand.Options));
            return 0;
        case ["database", .. var rest]:
            await DatabaseCommand.RunAsync(new(rest, DatabaseCommand.Options));
            return 0;
        case ["growth", .. var rest]:
            await GrowthCommand.RunAsync(new(rest, GrowthCommand.Options));
            return 0;
        case ["attack", .. var rest]:
            await AttackCommand.RunAsync(new(rest, AttackCommand.Options));
            return 0;
        case ["all", .. var rest]:
            var arguments = new Arguments(rest, CompareCommand.Options.Intersect(ScaleCommand.Options));
            await CompareCommand.RunAsync(arguments);
            await ScaleCommand.RunAsync(arguments);
            return arguments.Get("full", false) ? MicroCommand.Run(arguments) : 0;
        // Those that the others start as processes of their own.
        case [DatabaseApp.Name, var connectionString]:
            await DatabaseApp.RunAsync(connectionString);
            return 0;
        case [AttackApp.Name, var redis, var isProtected]:
            await AttackApp.RunAsync(redis, bool.Parse(isProtected));
            return 0;
        case [ServerCommand.Name, var store, var address]:
            await ServerCommand.RunAsync(store, address);
            return 0;
        case [LoadCommand.Name]:
            await LoadCommand.RunAsync();
            return 0;
        default:
            return Usage();
    }
}
catch (UsageException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

static int Usage()
{
    Console.Error.WriteLine(
        """
        compare [--full] [--rounds 3] [--seconds 0.2] [--stores memory,distributed-cache,redis] [--sizes 512,20000,1000000]
                [--connections 1,16,256] [--variants first,replay] [--write false]
                                                real Kestrel on loopback, against the bare action
        versus  <Idempotency.Filters.Benchmarks.dll> [--store memory] [--rounds 40] [--seconds 0.2] [--size 512] [--connections 16]
                [--variants first,replay]       this build against another one, whose .dll it is, slice by slice
        scale   [--full] [--rounds 3] [--seconds 0.2] [--records 100000] [--keys 10000] [--waiters 1000] [--body 100000000]
                [--redis false] [--write false] cost against the number of records, keys and waiters, and the size of bodies
        database [--rounds 9] [--seconds 0.5] [--connections 16] [--durable]
                                                transactional requests against the smallest bare transaction, on PostgreSQL
        growth  [--keys 1000000] [--retention 20] [--mode lock,row]
                                                rows, dead rows and sizes of table and index while keys come and go, on PostgreSQL
        attack  [--rounds 9] [--seconds 2] [--connections 16] [--attackers 400] [--pause 1] [--protect] [--write false]
                                                what others notice of requests that repeat the key of a large answer with another body, on
                                                Redis
        micro   [--filter '*Fingerprint*'] [--write false]
                                                BenchmarkDotNet over the parts

        all     [--full] [--rounds 3] [--seconds 0.2] [--write false]
                                                compare and scale; with --full, which goes further in each, also micro

        compare, scale and micro rewrite their parts of docs/performance-data.md. compare rewrites the budgets in docs/performance.md as
        well, attack its part there, and scale docs/deployment.md and docs/deployment-data.md. --write false leaves the pages alone. A run
        of a part writes nothing unless told --write true, since it would take the place of the whole.
        compare, versus, scale and attack start a redis-server of their own where they need one; all needs one. database and growth start a
        PostgreSQL of their own, and print their tables.
        """);
    return 2;
}
