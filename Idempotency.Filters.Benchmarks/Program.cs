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
    [ServerCommand.Name, var store] => await ServerCommand.RunAsync(store),
    [LoadCommand.Name] => await LoadCommand.RunAsync(),
    _ => Usage(),
};

static async Task<int> AllAsync(Arguments arguments) =>
    await CompareCommand.RunAsync(arguments) + await ScaleCommand.RunAsync(arguments) + MicroCommand.Run([]);

static int Usage()
{
    Console.Error.WriteLine(
        """
        micro   [filter]                        BenchmarkDotNet over the parts, such as: micro *Fingerprint*
        compare [--full] [--rounds 7] [--seconds 0.5] [--stores memory] [--sizes 512,20000,1000000]
                [--connections 1,16,256] [--variants first,replay] [--write false]
                                                real Kestrel on loopback, against the bare action
        scale   [--rounds 5] [--seconds 0.5] [--records 1000000] [--keys 100000] [--waiters 10000] [--body 1000000000]
                [--write false]                 cost against the number of records, keys and waiters, and the size of bodies

        all     [--full]                        the three of them, for the whole page

        compare and scale rewrite their part of docs/performance.md and its pictures, unless told --write false.
        """);
    return 2;
}
