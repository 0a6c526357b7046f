using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Collects what one application's meter records.</summary>
internal sealed class Meters : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Name, string Value, string Tags)> _all = [];
    private readonly ConcurrentQueue<Instrument> _instruments = [];

    public Meters(TestApp app)
    {
        var factory = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != "Idempotency.Filters" || instrument.Meter.Scope != factory)
                return;

            _instruments.Enqueue(instrument);
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, $"{value}", tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, Text(instrument, value), tags));
        _listener.Start();
    }

    public IEnumerable<string> All => _all.Select(item => item.Name);

    public IEnumerable<Instrument> Instruments => _instruments;

    public IEnumerable<string> Of(string name) =>
        _all.Where(item => item.Name == name).Select(item => $"{item.Value} {item.Tags}".Trim());

    public IEnumerable<string> TagsOf(string name) => _all.Where(item => item.Name == name).Select(item => item.Tags);

    /// <summary>What the measurements of an instrument for whole numbers come to.</summary>
    public long Sum(string name) => _all.Where(item => item.Name == name).Sum(item => long.Parse(item.Value, CultureInfo.InvariantCulture));

    /// <summary>Asks the instruments that are only observed.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    private static string Text(Instrument instrument, double value) => instrument.IsObservable
        ? value.ToString("0.###", CultureInfo.InvariantCulture)
        : value >= 0 ? "time" : "negative";

    private void Add(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _all.Enqueue((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
}
