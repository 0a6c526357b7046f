using System.Numerics;

namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>Counts of durations, to within one in 32.</summary>
internal sealed class LatencyHistogram
{
    private const int Precision = 5;

    private readonly int[] _counts = new int[48 << Precision];

    public long Total { get; private set; }

    public void Add(long duration)
    {
        _counts[SlotOf(Math.Max(1, duration))]++;
        Total++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Total += other.Total;
    }

    public double Percentile(double share)
    {
        var left = (long)Math.Ceiling(Total * share);
        for (var i = 0; i < _counts.Length; i++)
        {
            left -= _counts[i];
            if (left <= 0)
                return ValueOf(i);
        }

        return 0;
    }

    // The power of two, then the bits that follow its first.
    private static int SlotOf(long value)
    {
        var power = BitOperations.Log2((ulong)value);
        var fraction = power <= Precision ? value << (Precision - power) : value >> (power - Precision);
        return (power << Precision) + (int)(fraction & ((1 << Precision) - 1));
    }

    // The middle of what the slot counts.
    private static double ValueOf(int slot) =>
        Math.Pow(2, slot >> Precision) * (1 + (((slot & ((1 << Precision) - 1)) + 0.5) / (1 << Precision)));
}
