namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What runs the action.</summary>
public enum ShopHost
{
    Mvc,
    MinimalApi,
}
