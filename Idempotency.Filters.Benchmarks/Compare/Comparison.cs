using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>What all rounds gave.</summary>
internal sealed class Comparison
{
    private readonly Dictionary<(string Store, Cell Cell, string Variant), List<Slice>> _slices = [];
    private readonly Dictionary<(string Floor, int Size), List<double>> _floors = [];

    /// <summary>What <see cref="WakeUp"/> gave.</summary>
    public Spread WakeUpMilliseconds { get; set; }

    public void Add(string store, Cell cell, Variant variant, Slice slice)
    {
        if (!_slices.TryGetValue((store, cell, variant.Name), out var slices))
            _slices.Add((store, cell, variant.Name), slices = []);
        slices.Add(slice);
    }

    public void AddFloor(string floor, int size, double microseconds)
    {
        if (!_floors.TryGetValue((floor, size), out var measured))
            _floors.Add((floor, size), measured = []);
        measured.Add(microseconds);
    }

    /// <returns>Null when it was not measured.</returns>
    public Spread? Floor(string floor, int size) => _floors.TryGetValue((floor, size), out var measured) ? Spread.Of(measured) : null;

    public Spread Of(string store, Cell cell, string variant, Func<Slice, double> value) =>
        Spread.Of(_slices[(store, cell, variant)].Select(value));

    /// <summary>Against the bare one of the same round: what the machine did meanwhile befell both.</summary>
    public Spread Ratio(string store, Cell cell, Variant variant, Func<Slice, double> value) =>
        Ratio(store, cell, variant, variant.Baseline, value);

    /// <summary>The same against another one.</summary>
    public Spread Ratio(string store, Cell cell, Variant variant, string baseline, Func<Slice, double> value) =>
        Against(store, cell, variant, baseline, (slice, bare) => value(slice) / value(bare));

    public double Added(string store, Cell cell, Variant variant, Func<Slice, double> value) =>
        Against(store, cell, variant, variant.Baseline, (slice, bare) => value(slice) - value(bare)).Median;

    private Spread Against(string store, Cell cell, Variant variant, string baseline, Func<Slice, Slice, double> compare) => Spread.Of(
        _slices[(store, cell, variant.Name)].Zip(_slices[(store, cell, baseline)], compare));
}
