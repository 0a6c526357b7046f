namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>For stores that cannot enumerate their keys.</summary>
internal abstract class NoForgetContract<TStore> : ContractFixture<TStore>
    where TStore : INotForgettingStore, new()
{
    [Test]
    public async Task StoreThatCannotForgetSaysSoAndRemovesNothing()
    {
        await CompleteKeyAsync("kept");

        Assert.That(Administration.CanForget, Is.False);
        Assert.That(async () => await Administration.ForgetAsync(Scope, None), Throws.TypeOf<NotSupportedException>());
        Assert.That(await RecordAsync(Held), Is.EqualTo("kept"));
    }
}
