using Idempotency.Filters.Benchmarks.Support;
namespace Idempotency.Filters.Benchmarks.Scale;
internal static class ScaleCommand
{
    public static Task<int> RunAsync(Arguments arguments) => Task.FromResult(arguments.Has("x") ? 1 : 0);
}
