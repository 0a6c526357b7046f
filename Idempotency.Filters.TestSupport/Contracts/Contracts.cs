namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Which contracts there are, so that no store forgets one.</summary>
internal static class Contracts
{
    /// <summary>The contracts that fit what a store can do, and that no fixture among these derives from.</summary>
    public static IEnumerable<string> MissingFor<TStore>(Type fixtures)
        where TStore : IContractStore
    {
        var derived = fixtures.GetNestedTypes().Select(fixture => fixture.BaseType).ToHashSet();
        return typeof(ContractFixture<>).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: true, IsGenericTypeDefinition: true } && type != typeof(ContractFixture<>) && IsContract(type))
            .Where(contract => Fits(contract, typeof(TStore)) && !derived.Contains(contract.MakeGenericType(typeof(TStore))))
            .Select(contract => contract.Name);
    }

    private static bool IsContract(Type type) =>
        type.BaseType is { IsGenericType: true } ancestor && ancestor.GetGenericTypeDefinition() == typeof(ContractFixture<>);

    private static bool Fits(Type contract, Type store) =>
        contract.GetGenericArguments()[0].GetGenericParameterConstraints().All(constraint => constraint.IsAssignableFrom(store));
}
