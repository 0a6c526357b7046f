using System.Globalization;

namespace Idempotency.Filters.Primitives;

/// <summary>The end of a line before which lines like it were left out: empty when none was.</summary>
internal readonly struct LeftOutLines(int count)
{
    public override string ToString() =>
        count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" Since the last such line {count} more were left out.");
}
