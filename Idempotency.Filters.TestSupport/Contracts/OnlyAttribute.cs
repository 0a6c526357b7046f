using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Builders;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>
/// Of a contract, these tests alone, for a store that differs in a few things from one that the whole contract runs over. The others are not
/// skipped: they do not exist.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnlyAttribute(params string[] tests) : NUnitAttribute, IFixtureBuilder2
{
    public IEnumerable<TestSuite> BuildFrom(ITypeInfo typeInfo) => BuildFrom(typeInfo, new Listed(tests));

    public IEnumerable<TestSuite> BuildFrom(ITypeInfo typeInfo, IPreFilter filter)
    {
        if (tests.FirstOrDefault(test => typeInfo.Type.GetMethod(test) is null) is { } unknown)
            throw new InvalidOperationException($"{typeInfo.Type} has no test {unknown}.");

        return [new NUnitTestFixtureBuilder().BuildFrom(typeInfo, new Both(new Listed(tests), filter))];
    }

    private sealed class Listed(string[] tests) : IPreFilter
    {
        public bool IsMatch(Type type) => true;

        public bool IsMatch(Type type, System.Reflection.MethodInfo method) => tests.Contains(method.Name);
    }

    private sealed class Both(IPreFilter one, IPreFilter other) : IPreFilter
    {
        public bool IsMatch(Type type) => one.IsMatch(type) && other.IsMatch(type);

        public bool IsMatch(Type type, System.Reflection.MethodInfo method) => one.IsMatch(type, method) && other.IsMatch(type, method);
    }
}
