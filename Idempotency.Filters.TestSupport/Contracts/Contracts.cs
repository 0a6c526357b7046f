namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Finds the contracts that the tests of a store forgot.</summary>
internal static class Contracts
{
    /// <summary>The contracts that fit what a store can do, but that none of these fixtures derives from.</summary>
    public static IEnumerable<string> MissingFor<TStore>(Type fixtures)
        where TStore : IContractStore
    {
        var derived = fixtures.GetNestedTypes().Select(fixture => fixture.BaseType).ToHashSet();
        return typeof(ContractFixture<>).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: true, IsGenericTypeDefinition: true })
            .Where(type => type != typeof(ContractFixture<>) && IsContract(type))
            .Where(contract => Fits(contract, typeof(TStore)) && !derived.Contains(contract.MakeGenericType(typeof(TStore))))
            .Select(contract => contract.Name);
    }

    private static bool IsContract(Type type) =>
        type.BaseType is { IsGenericType: true } ancestor && ancestor.GetGenericTypeDefinition() == typeof(ContractFixture<>);

    private static bool Fits(Type contract, Type store) =>
        contract.GetGenericArguments()[0].GetGenericParameterConstraints().All(constraint => constraint.IsAssignableFrom(store));
}
