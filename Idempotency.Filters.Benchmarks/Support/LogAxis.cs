namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>A logarithmic axis from one power of its base to another.</summary>
internal sealed class LogAxis
{
    private readonly double _base;
    private readonly int _first;
    private readonly int _last;
    private readonly double _from;
    private readonly double _to;

    /// <param name="least">What must fit on it.</param>
    /// <param name="most">What must fit on it.</param>
    /// <param name="from">Where it begins in the picture.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="powersOf">Its base.</param>
    public LogAxis(double least, double most, double from, double to, double powersOf = 2)
    {
        _base = powersOf;
        _first = (int)Math.Floor(Math.Log(least, powersOf) + 1e-9);
        _last = Math.Max(_first + 1, (int)Math.Ceiling(Math.Log(most, powersOf) - 1e-9));
        _from = from;
        _to = to;
    }

    public IEnumerable<double> Powers => Enumerable.Range(_first, _last - _first + 1).Select(power => Math.Pow(_base, power));

    public double Of(double value) => _from + ((Math.Log(value, _base) - _first) / (_last - _first) * (_to - _from));
}
