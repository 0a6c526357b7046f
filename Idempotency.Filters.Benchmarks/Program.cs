using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Micro;
using Idempotency.Filters.Benchmarks.Scale;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

return args switch
{
    ["micro", .. var rest] => MicroCommand.Run(rest),
    ["compare", .. var rest] => await CompareCommand.RunAsync(new Arguments(rest)),
    ["scale", .. var rest] => await ScaleCommand.RunAsync(new Arguments(rest)),
    ["all", .. var rest] => await AllAsync(new Arguments(rest)),
    // The two that the others start as processes of their own.
    [ServerCommand.Name, var store, var address] => await ServerCommand.RunAsync(store, address),
    [LoadCommand.Name] => await LoadCommand.RunAsync(),
    _ => Usage(),
};

static async Task<int> AllAsync(Arguments arguments) =>
    await CompareCommand.RunAsync(arguments) + await ScaleCommand.RunAsync(arguments) + (arguments.Has("full") ? MicroCommand.Run([]) : 0);

static int Usage()
{
    Console.Error.WriteLine(
        """
        micro   [filter]                        BenchmarkDotNet over the parts, such as: micro *Fingerprint*
        compare [--full] [--rounds 3] [--seconds 0.2] [--stores memory,distributed-cache,redis] [--sizes 512,20000,1000000]
                [--connections 1,16,256] [--variants first,replay] [--write false]
                                                real Kestrel on loopback, against the bare action
        scale   [--full] [--rounds 3] [--seconds 0.2] [--records 100000] [--keys 10000] [--waiters 1000] [--body 100000000]
                [--redis false] [--write false] cost against the number of records, keys and waiters, and the size of bodies

        all     [--full]                        compare and scale; with --full, which goes further in each, also micro

        They rewrite their part of docs/performance.md and its pictures, and scale that of docs/deployment.md, unless told --write false.
        compare and scale start a redis-server of their own.
        """);
    return 2;
}
