using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Tests.Primitives;

public class RecentValuesTests
{
    [Test]
    public void AKeyThatComesBackIsNotWorkedOutAgain()
    {
        var made = 0;
        var values = new RecentValues<Crowded, int>(_ => ++made);

        Assert.That(values.Get(new(1)), Is.EqualTo(1));
        Assert.That(values.Get(new(1)), Is.EqualTo(1));
    }

    [Test]
    public void KeysThatShareAPlaceKeepTheirOwnValues()
    {
        var values = new RecentValues<Crowded, int>(key => key.Number);

        Assert.That(new[] { 1, 2, 1, 1, 2 }.Select(number => values.Get(new(number))), Is.EqualTo([1, 2, 1, 1, 2]));
    }

    private readonly record struct Crowded(int Number)
    {
        public override int GetHashCode() => -7;
    }
}
