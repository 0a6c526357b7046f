using System.Reflection;
using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Hosting.Mvc;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>What a covered request, or one that only passes through the filter, looks up.</summary>
[MemoryDiagnoser]
public class PolicyBenchmarks
{
    private readonly ServiceProvider _services = new ServiceCollection().AddIdempotency().Services.BuildServiceProvider();
    private readonly ControllerActionDescriptor _action = new()
    {
        ControllerTypeInfo = typeof(PolicyBenchmarks).GetTypeInfo(),
        MethodInfo = typeof(PolicyBenchmarks).GetMethod(nameof(Lookup))!,
        FilterDescriptors = [new FilterDescriptor(new IdempotentAttribute(), FilterScope.Action)],
    };

    private ActionPolicies _policies = null!;

    [GlobalSetup]
    public void SetUp() => _policies = _services.GetRequiredService<ActionPolicies>();

    [GlobalCleanup]
    public void CleanUp() => _services.Dispose();

    [Benchmark]
    public object? Lookup() => _policies.Of(_action);
}
