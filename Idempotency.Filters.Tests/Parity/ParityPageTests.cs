using System.Text.RegularExpressions;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>The page that shows users which test proves which row.</summary>
internal sealed partial class ParityPageTests
{
    [TestCase(typeof(PredecessorFeatureTests))]
    [TestCase(typeof(PredecessorDefectTests))]
    public void PageNamesEveryTestAndNoOther(Type fixture)
    {
        var prefix = fixture == typeof(PredecessorFeatureTests) ? "Row" : "Defect";
        using var page = new StreamReader(typeof(ParityPageTests).Assembly.GetManifestResourceStream("parity.md")!);

        var named = TestName().Matches(page.ReadToEnd()).Select(match => match.Groups[1].Value)
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            // These tests are in Idempotency.Filters.Redis.Tests, which checks that the page names them.
            .Except(["Row23_StoreIsRedis", "Row24_WaiterIsWokenByAMessageOfRedis"]);

        var tests = fixture.GetMethods().Select(method => method.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        Assert.That(named, Is.EquivalentTo(tests));
    }

    [GeneratedRegex(@"`((?:Row|Defect)\d\d_\w+)`")]
    private static partial Regex TestName();
}
