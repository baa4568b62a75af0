export { type DashboardOptions, startDashboard } from "./start.tsx";
